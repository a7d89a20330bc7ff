"""Earth observation: catalogues, scenes, windows by byte ranges, tiles, pairs, outlines."""
