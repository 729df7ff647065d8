"""The export formats that come with Palaestra: a module a format, with one value, `FORMAT`."""
