"""How the site is built: `make docs`. Nothing is fetched, and a warning is an error."""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path[:0] = [str(HERE / "_extensions"), str(ROOT)]

import figures  # noqa: E402

from elman import __version__  # noqa: E402

project = "Elman"
author = "The Elman authors"
project_copyright = "The Elman authors"
version = release = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "benchmark_points",
    "command_line",
    "figures",
    "mathml",
    "public_names",
    "root_pages",
]
exclude_patterns = ["_extensions", "pictures", "gallery/*.ipynb", "gallery/*.py", "**/README.*"]
suppress_warnings = ["config.cache"]  # what configures the gallery are functions
nitpicky = False  # types of other libraries have no page here

# Pages whose code runs. Every one runs in every build; what fails there fails the build.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_execution_in_temp = True
nb_execution_show_tb = True
nb_merge_streams = True
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
os.environ["IPYTHONDIR"] = str(figures.kernel_settings(ROOT / "build" / "docs"))
os.environ["PYTHONPATH"] = os.pathsep.join(map(str, sys.path[:2]))
os.environ.setdefault("OMP_NUM_THREADS", "1")  # the pages' networks are small
os.environ.setdefault("ELMAN_CACHE", str(ROOT / "build" / "docs" / "cache"))
os.environ["COLUMNS"] = "88"

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
default_role = "code"
smartquotes = False  # they make a dash of an option's "--"
maximum_signature_line_length = 88
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
napoleon_attr_annotations = False

sphinx_gallery_conf = {
    "examples_dirs": str(ROOT / "examples"),
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "abort_on_example_error": True,
    "image_scrapers": (figures.gallery_figures,),
    "capture_repr": (),
    "download_all_examples": False,
    "show_signature": False,
    "plot_gallery": True,
    "remove_config_comments": True,
    "min_reported_time": 3600,
    "write_computation_times": False,
    "default_thumb_file": None,
    "run_stale_examples": True,
}

html_theme = "pydata_sphinx_theme"
html_title = "Elman"
html_static_path = ["_static"]
html_css_files = ["elman.css"]
html_math_renderer = "mathml"
html_copy_source = False
html_show_sourcelink = False
html_sidebars = {"index": []}
html_theme_options = {
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "show_nav_level": 1,
    "navigation_depth": 2,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "header_links_before_dropdown": 5,
}
copybutton_selector = "div.highlight pre"
copybutton_exclude = ".linenos, .gp, .go"
