"""A site that knows nothing of `pm`: no database, no DRF, settings from the environment."""

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
    os.environ["DJANGO_SETTINGS_MODULE"] = "host_settings"
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
