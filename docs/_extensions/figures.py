"""Every figure of the site twice: drawn for a light ground and for a dark one.

Loaded in the kernels that run the pages, and by the gallery of examples. A picture of
`elman.plots` is drawn again in the dark theme; in any other figure the light theme's colours
are exchanged for the dark one's.
"""

from __future__ import annotations

import functools
import io
import warnings
from pathlib import Path
from typing import Any

from elman import plots
from elman.plots import style
from elman.plots.themes import THEMES, themed

_WIDTH = 8.0  # inches
_DOTS = 144
_GROUND = "Ground"  # what a picture was drawn for, in its file


def kernel_settings(folder: Path) -> Path:
    """A folder of IPython's settings that lets each kernel load this module."""
    profile = folder / "ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    text = "c = get_config()\nc.IPKernelApp.extensions = ['figures']\nc.InlineBackend.rc = {}\n"
    (profile / "ipython_kernel_config.py").write_text(text, encoding="utf-8")
    return profile.parent


def load_ipython_extension(shell: Any) -> None:
    """Show figures twice in this shell."""
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

    prepare()
    shows = shell.display_formatter.ipython_display_formatter
    shows.for_type(Artist, lambda drawn: None)  # a line or legend is no result
    shows.for_type_by_name("sklearn.base", "BaseEstimator", lambda fitted: None)
    shows.for_type(Figure, _show)


def prepare() -> None:
    """Let plain figures begin with our style, and our pictures remember how they are drawn.

    A page shows warnings without the file of whoever built it.
    """
    import matplotlib
    from cycler import cycler

    warnings.formatwarning = lambda message, category, *_: f"{category.__name__}: {message}\n"
    settings = style._settings() | {
        "axes.prop_cycle": cycler(color=THEMES["light"].palette),
        "figure.figsize": (_WIDTH, 3.2),
        "figure.constrained_layout.use": True,
    }
    matplotlib.rcParams.update(settings)
    for name in plots.__all__:
        draw = getattr(plots, name)
        if callable(draw) and not hasattr(draw, "__wrapped__"):
            setattr(plots, name, _remembering(draw))


def _remembering(draw: Any) -> Any:
    @functools.wraps(draw)
    def drawn(*args: Any, **more: Any) -> Any:
        figure = draw(*args, **more)
        if hasattr(figure, "savefig"):
            figure.again = functools.partial(draw, *args, **more)
        return figure

    return drawn


def in_both(figure: Any) -> dict[str, bytes]:
    """PNG by "light" and "dark"."""
    light, words = _png(figure, "light", words_of(figure)), words_of(figure)
    if hasattr(figure, "again"):
        with themed("dark"):
            return {"light": light, "dark": _png(figure.again(), "dark", words)}
    _darken(figure)
    return {"light": light, "dark": _png(figure, "dark", words)}


def words_of(figure: Any) -> str:
    """What stands above a figure or its panels, for those who cannot see it."""
    said = [figure.get_suptitle(), *(text.get_text() for text in figure.texts[:1])]
    said += [axes.get_title(loc="left") or axes.get_title() for axes in figure.axes]
    words = "; ".join(" ".join(one.split()) for one in said if one.strip())
    return words.replace("$", "") or "The figure that the code above draws"


def _show(figure: Any) -> None:
    from IPython.display import publish_display_data

    for png in in_both(figure).values():
        publish_display_data({"image/png": png})


def _tell(app: Any, doctree: Any) -> None:
    """Give each picture of a page's code its words and its ground, which stand in its file."""
    from docutils import nodes
    from PIL import Image

    for image in doctree.findall(nodes.image):
        path = Path(image["uri"]) if Path(image["uri"]).is_absolute() else app.srcdir / image["uri"]
        if path.suffix != ".png" or not path.is_file():
            continue
        with Image.open(path) as picture:
            told = getattr(picture, "text", {})
        if _GROUND in told:
            image["alt"] = told["Description"]
            image["classes"].append(f"only-{told[_GROUND]}")


def setup(app: Any) -> dict:
    """For Sphinx."""
    app.connect("doctree-read", _tell)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def gallery_figures(block: Any, block_vars: dict, gallery_conf: dict) -> str:
    """The gallery's scraper: each figure that a block leaves in a variable."""
    from matplotlib.figure import Figure

    prepare()
    shown, written = block_vars["example_globals"].setdefault("__shown__", set()), []
    for value in list(block_vars["example_globals"].values()):
        if not isinstance(value, Figure) or id(value) in shown:
            continue
        shown.add(id(value))
        for png in in_both(value).values():
            path = Path(next(block_vars["image_path_iterator"]))
            path.write_bytes(png)
            place = path.relative_to(gallery_conf["src_dir"]).as_posix()
            written.append(f".. image:: /{place}\n   :class: sphx-glr-single-img\n")
    return "\n".join(written)


def _png(figure: Any, ground: str, words: str) -> bytes:
    content, told = io.BytesIO(), {"Description": words, _GROUND: ground}
    with style._our_settings():
        paper = figure.get_facecolor()
        figure.savefig(content, format="png", dpi=_DOTS, facecolor=paper, metadata=told)
    return content.getvalue()


def _darken(figure: Any) -> None:
    """Exchange the light theme's colours for the dark one's, wherever they stand."""
    from matplotlib.text import Text

    exchange = _exchange()
    for artist in figure.findobj():
        parts = [artist, getattr(artist, "arrow_patch", None)]
        parts += [artist.get_bbox_patch()] if isinstance(artist, Text) else []
        for part in (one for one in parts if one is not None):
            for name in ("color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor"):
                _recolour(part, name, exchange)


def _recolour(artist: Any, name: str, exchange: dict) -> None:
    from matplotlib.colors import to_rgba_array

    get, put = getattr(artist, f"get_{name}", None), getattr(artist, f"set_{name}", None)
    if get is None or put is None or (name == "color" and hasattr(artist, "get_facecolor")):
        return
    if getattr(artist, "get_array", lambda: None)() is not None:
        return  # coloured by its values
    found = get()
    if isinstance(found, str) and found in ("none", "auto"):
        return
    colours = to_rgba_array(found)
    changed = [(*exchange.get(_key(one), tuple(one[:3])), one[3]) for one in colours]
    if changed:
        put(changed if len(changed) > 1 or hasattr(artist, "get_offsets") else changed[0])


def _exchange() -> dict:
    from matplotlib.colors import to_rgb

    light, dark = THEMES["light"], THEMES["dark"]
    names = ("paper", "ink", "grey", "rule", "faint", "blue", "orange", "red")
    pairs = [(getattr(light, name), getattr(dark, name)) for name in names]
    pairs += [*zip(light.palette, dark.palette, strict=True), ("black", dark.ink)]
    return {_key(to_rgb(one)): to_rgb(other) for one, other in pairs}


def _key(colour: Any) -> tuple:
    return tuple(round(255 * part) for part in colour[:3])
