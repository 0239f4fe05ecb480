import os
import tempfile
import unittest

from model_serving_engine.shims.models import Model, ModelNotFoundException


class GetModelPathTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = scratch.name
        before = os.getcwd()
        os.chdir(self.root)
        self.addCleanup(os.chdir, before)

    def serve(self, model_dir, *files):
        for file in files:
            os.makedirs(os.path.join(self.root, os.path.dirname(file)), exist_ok=True)
            with open(os.path.join(self.root, file), "w"):
                pass
        os.environ["AZUREML_MODEL_DIR"] = os.path.join(self.root, model_dir)
        self.addCleanup(os.environ.pop, "AZUREML_MODEL_DIR", None)

    def path(self, *name):
        return os.path.relpath(Model.get_model_path(*name), self.root)

    def test_one_model_is_its_only_file(self):
        self.serve("models/digits/3", "models/digits/3/model.pkl")
        self.assertEqual(self.path("digits"), "models/digits/3/model.pkl")
        self.assertEqual(self.path("digits", 3), "models/digits/3/model.pkl")

    def test_a_model_of_one_folder_is_that_folder(self):
        self.serve("models/digits/3", "models/digits/3/saved/a.bin", "models/digits/3/saved/b.bin")
        self.assertEqual(self.path("digits"), "models/digits/3/saved")

    def test_a_model_of_several_files_is_its_folder(self):
        self.serve("models/digits/3", "models/digits/3/a.bin", "models/digits/3/b.bin")
        self.assertEqual(self.path("digits"), "models/digits/3")

    def test_of_several_models_the_newest_version_counts_by_number(self):
        self.serve("models", "models/a/9/m.pkl", "models/a/10/m.pkl", "models/b/1/m.pkl", "models/readme.txt")
        self.assertEqual(self.path("a"), "models/a/10/m.pkl")
        self.assertEqual(self.path("a", 9), "models/a/9/m.pkl")
        self.assertEqual(self.path("b"), "models/b/1/m.pkl")

    def test_a_path_beside_the_script_is_found_as_in_v1(self):
        self.serve("models", "models/a/1/m.pkl", "beside.pkl")
        self.assertEqual(self.path("beside.pkl"), "beside.pkl")

    def test_outside_an_image_the_directory_is_the_model(self):
        self.serve("mine", "mine/model.pkl")
        self.assertEqual(self.path("any name"), "mine/model.pkl")
        os.environ["AZUREML_MODEL_DIR"] = os.path.join(self.root, "mine/model.pkl")
        self.assertEqual(self.path("any name"), "mine/model.pkl")

    def test_what_is_not_there_is_told_with_what_is(self):
        self.serve("models", "models/a/1/m.pkl", "models/b/2/m.pkl")
        for name in (("c",), ("a", 2)):
            with self.assertRaisesRegex(ModelNotFoundException, "Found: a:1, b:2"):
                Model.get_model_path(*name)
        for wrong in ((None,), ("a", 0), ("a", "1")):
            with self.assertRaises(ValueError):
                Model.get_model_path(*wrong)


if __name__ == "__main__":
    unittest.main()
