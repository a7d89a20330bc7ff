"""One polite, safe fetch path: connections, pages, what kind of answer came."""
