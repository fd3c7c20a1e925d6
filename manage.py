#!/usr/bin/env python3
"""The checkout's door: `pm` goes straight to the client, all else to Django."""

from pmsite.__main__ import main

if __name__ == "__main__":
    main()
