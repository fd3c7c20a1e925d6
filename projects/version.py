"""The version, where both the package's metadata and the running code find it cheaply."""

VERSION = "0.1.0"
