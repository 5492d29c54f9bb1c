"""Templates for `bandscribe.factorization`, averaged over kits; thresholds on rendered audio."""
