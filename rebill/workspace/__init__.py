"""The folder: settings, profiles, brands, inbox, lock, files written whole."""
