"""`python -m bandscribe` is the command `bandscribe`."""

import sys

from bandscribe.cli import main

sys.exit(main())
