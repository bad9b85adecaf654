"""A live-show platform with a hotline, a chat and a broadcast, which use service-linked roles."""
