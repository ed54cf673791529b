"""The review app: where people read alerts and decide. Bound to this machine until there are accounts."""

from kzmonitor.review.app import create_app, serve

__all__ = ["create_app", "serve"]
