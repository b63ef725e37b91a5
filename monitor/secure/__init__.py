"""A broker of its own certificates and rules: what `grid-monitor secure` writes."""
