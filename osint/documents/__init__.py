"""From bytes to text with a map back: HTML, PDF, Word, Excel, scans."""
