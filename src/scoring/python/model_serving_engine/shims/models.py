"""`azureml.core.model.Model`, for `Model.get_model_path`."""

import os
from types import ModuleType
from typing import Callable, Dict, List, Optional, Tuple


class ModelNotFoundException(FileNotFoundError):
    """No model of that name and version is in the image."""


class Model:
    """Stands in for azureml-core's class of this name: knows where the models of this image are, and no workspace."""

    @staticmethod
    def get_model_path(model_name: str, version: Optional[int] = None, _workspace: object = None) -> str:
        """
        Path of a model in the image: its file, or its folder where it has several. The newest version unless one is given.
        Like v1, looks for `./<model_name>` where no model has that name. Raises ModelNotFoundException.
        """
        if not isinstance(model_name, str) or not model_name:
            raise ValueError(f"model_name must be the name of a registered model, not {model_name!r}")
        if version is not None and not (isinstance(version, int) and version > 0):
            raise ValueError(f"version must be a whole number from 1, or None for the newest, not {version!r}")
        model_dir = os.environ.get("AZUREML_MODEL_DIR", "")
        models = _models(model_dir)
        versions = sorted(there for name, there, _ in models if name == model_name)
        wanted = version if version is not None else versions[-1] if versions else None
        for name, there, path in models:
            if name == model_name and there == wanted:
                return _only_entry(path)
        if os.path.exists(model_name):
            return model_name
        # outside an image the directory is the model, under no name
        if not models and os.path.exists(model_dir):
            return _only_entry(model_dir)
        known = ", ".join(f"{name}:{there}" for name, there, _ in models) or "none"
        asked = model_name if version is None else f"{model_name}:{version}"
        raise ModelNotFoundException(f"No model {asked} in {model_dir or 'AZUREML_MODEL_DIR, which is not set'}. Found: {known}.")


def _models(model_dir: str) -> List[Tuple[str, int, str]]:
    """Name, version and folder of each model: one (the directory is `<name>/<version>`), or all below the directory."""
    if not os.path.isdir(model_dir):
        return []
    parent, last = os.path.split(os.path.abspath(model_dir))
    if last.isdigit():
        return [(os.path.basename(parent), int(last), model_dir)]
    found = []
    for name in sorted(os.listdir(model_dir)):
        folder = os.path.join(model_dir, name)
        versions = os.listdir(folder) if os.path.isdir(folder) else []
        found += [(name, int(number), os.path.join(folder, number)) for number in sorted(versions) if number.isdigit()]
    return found


def _only_entry(path: str) -> str:
    entries = os.listdir(path) if os.path.isdir(path) else []
    return os.path.join(path, entries[0]) if len(entries) == 1 else path


def _fill(module: ModuleType) -> None:
    module.Model = Model  # type: ignore[attr-defined]

    def missing(name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        raise ImportError(
            f"azureml-core is not installed: its stand-in in this image knows Model.get_model_path and no {name}. "
            "Add azureml-core to the requirements if the script needs it."
        )

    module.__getattr__ = missing  # type: ignore[attr-defined]


def model_modules() -> Dict[str, Callable[[ModuleType], None]]:
    return {"azureml.core": _fill, "azureml.core.model": _fill}
