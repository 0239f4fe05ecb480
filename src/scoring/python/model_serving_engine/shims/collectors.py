"""
The two data collectors of Azure ML: `azureml.monitoring.ModelDataCollector` (v1) and `azureml.ai.monitoring.Collector` (v2).
What they collect goes to the front as JSON, one array of rows each time; the front writes it as CSV or as JSON lines.
"""

import json
import uuid
from types import ModuleType
from typing import Any, Callable, Dict, List, Optional

from ..frames import FrameChannel


def collector_modules(channel: FrameChannel) -> Dict[str, Callable[[ModuleType], None]]:
    def send(model: str, designation: str, correlation_id: str, rows: bytes) -> None:
        head = {"type": "collect", "model": model, "designation": designation}
        if correlation_id:
            head["correlationId"] = correlation_id
        channel.send_from_script(head, rows)

    class ModelDataCollector:
        """Stands in for azureml-monitoring's class of this name."""

        def __init__(
            self, model_name: str, designation: str = "default", feature_names: Optional[List[str]] = None, **_ignored: Any
        ) -> None:
            self.model_name = str(model_name)
            self.designation = str(designation)
            self.feature_names = feature_names

        def collect(self, input_data: Any, user_correlation_id: str = "") -> None:
            """Rows: a data frame, an array, a list of rows, or the values of one row."""
            send(self.model_name, self.designation, str(user_correlation_id), _table(input_data, self.feature_names))

    class CorrelationContext:
        """What ties the data of one request together."""

        def __init__(self, id: Optional[str] = None) -> None:  # noqa: A002 - the name in Microsoft's package
            self._id = id or str(uuid.uuid4())

        def get_id(self) -> str:
            return self._id

    class Collector:
        """Stands in for azureml-ai-monitoring's class of this name."""

        def __init__(self, *, name: str, on_error: Optional[Callable[[Exception], Any]] = None, **_ignored: Any) -> None:
            self.name = str(name)
            self._on_error = on_error

        def collect(self, data: Any, correlation_context: Any = None) -> Any:
            """A data frame, or records. Returns the context to pass on with what belongs to the same request."""
            context = correlation_context or CorrelationContext()
            try:
                send("", self.name, context.get_id(), _table(data, None))
            except (TypeError, ValueError) as error:
                if self._on_error is None:
                    raise
                self._on_error(error)
            return context

    def v1(module: ModuleType) -> None:
        module.ModelDataCollector = ModelDataCollector  # type: ignore[attr-defined]

    def v2(module: ModuleType) -> None:
        module.Collector = Collector  # type: ignore[attr-defined]

    def context(module: ModuleType) -> None:
        module.CorrelationContext = CorrelationContext  # type: ignore[attr-defined]
        module.BasicCorrelationContext = CorrelationContext  # type: ignore[attr-defined]

    return {
        "azureml.monitoring": v1,
        "azureml.ai.monitoring": v2,
        "azureml.ai.monitoring.collector": v2,
        "azureml.ai.monitoring.context": context,
    }


def _table(data: Any, names: Optional[List[str]]) -> bytes:
    """Rows as JSON: objects where the columns have names, else arrays. Raises TypeError for what JSON has no word for."""
    if hasattr(data, "to_json") and hasattr(data, "columns"):
        frame = data if names is None or len(names) != len(data.columns) else data.set_axis(names, axis=1)
        return frame.to_json(orient="records", date_format="iso").encode()
    plain = data.tolist() if hasattr(data, "tolist") else data
    rows = plain if isinstance(plain, (list, tuple)) and plain and isinstance(plain[0], (list, tuple, dict)) else [plain]
    if names is not None:
        rows = [_named(row, names) for row in rows]
    return json.dumps(rows).encode()


def _named(row: Any, names: List[str]) -> Any:
    values = row if isinstance(row, (list, tuple)) else [row]
    return dict(zip(map(str, names), values)) if not isinstance(row, dict) and len(values) == len(names) else row
