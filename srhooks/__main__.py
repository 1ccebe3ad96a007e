import sys

from srhooks.cli import main

sys.exit(main())
