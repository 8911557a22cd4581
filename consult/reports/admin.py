"""The reports' door in Django admin."""

from __future__ import annotations

from consult.reports.page import ReportAdmin

__all__ = ["ReportAdmin"]
