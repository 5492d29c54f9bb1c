"""How good an estimate is, given a reference."""
