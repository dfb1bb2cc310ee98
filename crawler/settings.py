"""Scrapy settings: only what differs from Scrapy's defaults, each with its reason."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from scrapy.settings import default_settings

from crawler.config import Config

BOT_NAME = "swordnet"
SPIDER_LOADER_CLASS = "desk.scrapy_loader.PlatformLoader"  # platforms are not Scrapy spiders; it wraps each in one
USER_AGENT = f"swordnet/{version('swordnet')}"

TWISTED_REACTOR = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"
TWISTED_DNS_RESOLVER = "crawler.web.dns.GuardedResolver"  # refuses names that point into the private network

# Our own robots middleware: Scrapy's leaks on the first burst, see crawler.web.robots.
ROBOTSTXT_OBEY = False
DOWNLOADER_MIDDLEWARES = {
    # allowed_domains says which URLs a platform claims; pictures are on other hosts, which the SSRF guard checks.
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,  # retries at once; ThrottleMiddleware waits
    "crawler.web.robots.RobotsMiddleware": 100,
    "crawler.web.throttle.ThrottleMiddleware": 550,
    # Ours in place of Scrapy's, each with the limits of [limits]; their docstrings give the reasons.
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
    "crawler.web.redirects.GuardedMetaRefreshMiddleware": 580,
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
    "crawler.web.compression.CompressionMiddleware": 590,
    "crawler.web.compression.TruncationMiddleware": 595,  # sees the bytes before decompression
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    "crawler.web.redirects.GuardedRedirectMiddleware": 600,
    "scrapy.downloadermiddlewares.cookies.CookiesMiddleware": None,
    "crawler.web.cookies.HostCookiesMiddleware": 700,
    "crawler.web.budget.BudgetMiddleware": 980,
    "crawler.web.replay.ReplayMiddleware": 990,
    "crawler.web.ssrf_guard.SsrfGuardMiddleware": 1000,  # last, so that it sees every request whatever its origin
}
ITEM_PIPELINES = {
    "pipelines.duplicates.DuplicatesPipeline": 100,
    "pipelines.pictures.PicturesPipeline": 150,
    "pipelines.links.ShareLinksPipeline": 200,
    "pipelines.match.MatchPipeline": 300,
    "pipelines.store.StorePipeline": 500,
}

# Every status is a page with an outcome; none is filtered out before crawler.page.outcome has seen it.
HTTPERROR_ALLOW_ALL = True
COOKIES_ENABLED = True
# No proxy from the environment: crawl.proxy names one, and the SSRF guard checks what is sent to it.
HTTPPROXY_ENABLED = False

# Both allow code execution on a local port.
REMOTE_CONTROL_ENABLED = False
TELNETCONSOLE_ENABLED = False
# Dropped here, they are not even imported, nor is the web server and shell behind them; set to None in EXTENSIONS they
# would be.
EXTENSIONS_BASE = {name: order for name, order in default_settings.EXTENSIONS_BASE.items()
                   if not name.endswith((".RemoteControl", ".TelnetConsole"))}  # fmt: skip

DOWNLOAD_VERIFY_CERTIFICATES = True
DOWNLOAD_WARNSIZE = 0
DOWNLOAD_HANDLERS = {
    "http": "crawler.web.header_limits.HttpDownloadHandler",
    "https": "crawler.web.header_limits.HttpDownloadHandler",
    **dict.fromkeys(("file", "data", "ftp", "s3")),  # off; the SSRF guard refuses them too
}

# Half the CPU per page, measured: docs/benchmarks.md.
CONCURRENT_ITEMS = 10  # the default starts 100 tasks per page; with 4, too few listings wait to be matched together
WARN_ON_GENERATOR_RETURN_VALUE = False

# `scrapy crawl` reads swordnet.toml through this add-on; crawler.worker passes the settings itself.
ADDONS = {"crawler.web.scrapy_command.ConfigurationAddon": 0}

LOG_LEVEL = "INFO"


def scrapy_settings(config: Config) -> dict[str, Any]:
    """The settings of this module, overridden by those of the configuration."""
    base_settings: dict[str, Any] = {name: value for name, value in globals().items() if name.isupper()}
    contact = f" (+{config.crawl.contact})" if config.crawl.contact else ""
    return base_settings | {
        "ADDONS": {},
        "USER_AGENT": USER_AGENT + contact,
        "DOWNLOAD_DELAY": 0,  # Scrapy's delay starts over with each crawl; crawler.web.throttle keeps the pace
        "CONCURRENT_REQUESTS_PER_DOMAIN": config.crawl.concurrency,
        "DOWNLOAD_TIMEOUT": config.crawl.timeout,
        "DOWNLOAD_MAXSIZE": config.crawl.page_limit,
        "REDIRECT_MAX_TIMES": config.limits.redirects,
        "SWORDNET_RENDERED": [name for name, platform in config.platforms.items() if platform.browser],
        "SWORDNET_LIMITS": config.limits,
    }
