import importlib
import os
import sys
import tempfile
import unittest

from model_serving_engine import shims
from model_serving_engine.shims.collectors import _table


class Channel:
    """Keeps what is sent."""

    def __init__(self):
        self.sent = []

    def send_from_script(self, head, body=b""):
        self.sent.append((head, body))


class StandInsTest(unittest.TestCase):
    def setUp(self):
        self.channel = Channel()
        before, path = set(sys.modules), list(sys.path)
        shims.install(self.channel)
        finder = sys.meta_path[-1]

        def undo():
            sys.meta_path.remove(finder)
            sys.path[:] = path
            for name in set(sys.modules) - before:
                del sys.modules[name]

        self.addCleanup(undo)

    def install(self, package, source):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        folder = os.path.join(scratch.name, *package.split("."))
        os.makedirs(folder)
        with open(os.path.join(folder, "__init__.py"), "w") as file:
            file.write(source)
        sys.path.insert(0, scratch.name)
        importlib.invalidate_caches()

    def test_the_import_of_old_scripts_works_either_way(self):
        from azureml.core import Model
        from azureml.core.model import Model as same

        self.assertIs(Model, same)

    def test_an_installed_package_wins(self):
        self.install("azureml.core", "Model = 'the real one'")
        from azureml.core import Model

        self.assertEqual(Model, "the real one")

    def test_stands_in_for_what_an_installed_part_of_azureml_lacks(self):
        self.install("azureml.data", "value = 1")
        from azureml.core.model import Model
        from azureml.data import value

        self.assertEqual((value, Model.__name__), (1, "Model"))

    def test_what_a_stand_in_does_not_know_is_told_with_the_package_to_add(self):
        with self.assertRaisesRegex(ImportError, "Add azureml-core to the requirements"):
            from azureml.core import Workspace  # noqa: F401
        with self.assertRaises(ModuleNotFoundError):
            importlib.import_module("azureml.pipeline")

    def test_collected_data_is_an_array_of_rows(self):
        self.assertEqual(_table([1, "a"], ["x", "y"]), b'[{"x": 1, "y": "a"}]')
        self.assertEqual(_table([[1, 2], [3, 4]], ["x", "y"]), b'[{"x": 1, "y": 2}, {"x": 3, "y": 4}]')
        self.assertEqual(_table([[1, 2], [3, 4]], ["x"]), b"[[1, 2], [3, 4]]")
        self.assertEqual(_table([{"a": 1}, {"a": 2}], None), b'[{"a": 1}, {"a": 2}]')
        self.assertEqual(_table(3.5, ["score"]), b'[{"score": 3.5}]')

    def test_a_collector_says_what_it_cannot_collect(self):
        from azureml.ai.monitoring import Collector

        errors = []
        Collector(name="inputs", on_error=errors.append).collect(object())
        self.assertIsInstance(errors[0], TypeError)
        with self.assertRaises(TypeError):
            Collector(name="inputs").collect(object())
        self.assertEqual(self.channel.sent, [])


if __name__ == "__main__":
    unittest.main()
