"""The review app: where people read alerts and decide."""

from kzmonitor.review.app import create_app, require_ready_for_others, serve
from kzmonitor.review.workers import usual_number

__all__ = ["create_app", "require_ready_for_others", "serve", "usual_number"]
