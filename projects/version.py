"""The version, in a module that both the package metadata and the running code can import cheaply."""

VERSION = "0.1.0"
