"""Names, packages, console script, extras. No logic."""

import re
from pathlib import Path

from setuptools import find_packages, setup

here = Path(__file__).parent
version = re.search(r'^__version__ = "(.+)"$', (here / "ccproxy/__init__.py").read_text(), re.MULTILINE)[1]

setup(
    name="ccproxy",
    version=version,
    description="Any LLM provider behind the API that Claude Code and other clients already speak",
    long_description=(here / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    python_requires=">=3.11",
    # Not a no-op: without it an editable install is an import hook, and Twisted, which walks sys.path, finds no plugin.
    package_dir={"": "."},
    packages=find_packages(include=["ccproxy", "ccproxy.*"]),
    # The file, not the package: twisted.plugins belongs to Twisted.
    py_modules=["twisted.plugins.ccproxy_plugin"],
    # By name: with the package_dir above, what MANIFEST.in lists is not found to lie in a package.
    package_data={"": ["*.tsv", "*.json", "files/*"]},
    include_package_data=True,
    zip_safe=False,
    install_requires=[
        "twisted[tls]>=25.5",
        "treq>=26.7",
        "service-identity>=24.1",
        "attrs>=24.1",
        "cattrs>=24.1",
        "tiktoken>=0.8",
        # JSON at a third of the cost an event, and YAML, commands and the encodings that request bodies come in.
        "orjson>=3.10",
        "PyYAML>=6.0.1",
        "click>=8.1",
        "brotli>=1.2",
        "zstandard>=0.22",
    ],
    extras_require={
        # A driver in Python alone, under a permissive licence; psycopg's is not.
        "postgresql": ["pg8000>=1.31"],
        "test": [
            "hypothesis>=6.100",
            # Its parser reads our metrics.
            "prometheus-client>=0.20",
            # Its messages are what our traces are read as.
            "opentelemetry-proto>=1.20",
            "pg8000>=1.31",
            # Builds what the packaging test looks at.
            "setuptools>=70.1",
            "anthropic>=2.0",
            "openai>=3.0",
            "google-genai>=3.0",
            "mistralai>=3.0",
            "groq>=1.0",
        ],
        "check": ["ruff==0.17.6", "mypy==2.4.1", "mypy-zope==1.0.17", "types-PyYAML"],
    },
    entry_points={"console_scripts": ["ccproxy = ccproxy.cli.main:main"]},
)
