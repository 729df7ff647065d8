"""Episodes of one scenario each, which its tests walk on replies made by hand."""
