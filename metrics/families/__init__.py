"""What happened: one module a family of metrics, each a function from tables to rows by episode."""
