#!/usr/bin/env python3
"""A breakpoint server: a user-wide host of `discovery` that needs only settings."""

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the `discovery` of this checkout
    os.environ["DJANGO_SETTINGS_MODULE"] = "breakpoints.settings"
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
