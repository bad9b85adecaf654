"""A live-show platform: a hotline, a chat and a broadcast, each feature with its role."""
