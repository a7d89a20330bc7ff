"""Steps in a series, outlines dated, structures found and measured."""
