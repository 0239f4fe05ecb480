"""
Stand-ins for packages of Azure ML v1 that old entry scripts import, each for the little that worked in a web service.

An installed package always wins: the finder below is asked last.
"""

import importlib
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Callable, Dict, Optional

from ..frames import FrameChannel
from .collectors import collector_modules
from .models import model_modules

#: Fills a module.
Fill = Callable[[ModuleType], None]


def install(channel: FrameChannel) -> None:
    fills: Dict[str, Fill] = {
        **dict.fromkeys(("azureml", "azureml.contrib", "azureml.contrib.services", "azureml.ai", "azureml.train"), _nothing),
        "azureml.train.automl": _nothing,
        "sklearn.externals.joblib": _become("joblib"),
        **model_modules(),
        **collector_modules(channel),
    }
    sys.meta_path.append(_StandIns(fills))


class _StandIns(MetaPathFinder):
    def __init__(self, fills: Dict[str, Fill]) -> None:
        self._fills = fills

    def find_spec(self, fullname: str, path: Any, target: Optional[ModuleType] = None) -> Optional[ModuleSpec]:
        fill = self._fills.get(fullname)
        return None if fill is None else ModuleSpec(fullname, _StandIn(fill), origin="stand-in", is_package=True)


class _StandIn(Loader):
    def __init__(self, fill: Fill) -> None:
        self._fill = fill

    def create_module(self, spec: ModuleSpec) -> Optional[ModuleType]:
        return None

    def exec_module(self, module: ModuleType) -> None:
        self._fill(module)


def _nothing(_module: ModuleType) -> None:
    """A package for the sake of what is in it."""


def _become(name: str) -> Fill:
    """scikit-learn brought joblib along until 0.23; whoever imports a package from there gets the package itself."""

    def fill(module: ModuleType) -> None:
        sys.modules[module.__name__] = importlib.import_module(name)

    return fill
