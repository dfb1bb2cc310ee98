"""Turn the bytes of an answer into text, an outcome and a Page that a spider reads."""

from crawler.page.page import LayoutError, Page, Selection
from crawler.page.request import Request

__all__ = ["LayoutError", "Page", "Request", "Selection"]
