"""
Run as root while an image with PySpark is built, with the id of the user that the container runs as: gives Spark what it would
look for, or write, at run time. A container's user is none that the image knows, may write nothing but /tmp, and may execute
nothing there.
"""

import os
import platform
import sys
from glob import glob
from typing import Dict
from zipfile import ZipFile

from pyspark.find_spark_home import _find_spark_home

#: Jars with a library that Java would unpack into /tmp and load there; the property that says where it is instead, and how.
_LIBRARIES = (
    # what Parquet files are compressed with, those of saved models included
    ("snappy-java-*.jar", "org/xerial/snappy/native/Linux/{machine}/", "org.xerial.snappy.lib.path={folder}"),
    ("zstd-jni-*.jar", "linux/{architecture}/", "ZstdNativePath={file}"),
)

#: As Debian's amd64 is called in jars, where it has another name than the kernel gives it.
_ARCHITECTURES = {"x86_64": "amd64"}

_DEFAULTS = {
    # without a password, and nothing that a service should show
    "spark.ui.enabled": "false",
    "spark.sql.warehouse.dir": "/tmp/spark-warehouse",
    # a progress bar would be lines in the log
    "spark.ui.showConsoleProgress": "false",
}


def main(user_id: str) -> None:
    home = _find_spark_home()
    options = _unpack_libraries(os.path.join(home, "jars"), os.path.join(home, "native"))
    _write_defaults(os.path.join(home, "conf"), {**_DEFAULTS, "spark.driver.defaultJavaOptions": options})
    _name_user(user_id)


def _unpack_libraries(jars: str, folder: str) -> str:
    """Gives back Java's options for what it unpacked."""
    machine = platform.machine()
    architecture = _ARCHITECTURES.get(machine, machine)
    os.makedirs(folder, exist_ok=True)
    options = []
    for pattern, prefix, option in _LIBRARIES:
        inside = prefix.format(machine=machine, architecture=architecture)
        for jar in glob(os.path.join(jars, pattern)):
            with ZipFile(jar) as content:
                for name in content.namelist():
                    if name.startswith(inside) and name.endswith(".so"):
                        file = os.path.join(folder, os.path.basename(name))
                        with open(file, "wb") as library:
                            library.write(content.read(name))
                        options.append("-D" + option.format(folder=folder, file=file))
    return " ".join(options)


def _write_defaults(folder: str, defaults: Dict[str, str]) -> None:
    """What a base image says already comes later in the file, and wins."""
    file = os.path.join(folder, "spark-defaults.conf")
    os.makedirs(folder, exist_ok=True)
    own = ""
    if os.path.exists(file):
        with open(file, encoding="utf-8") as stream:
            own = stream.read()
    with open(file, "w", encoding="utf-8") as stream:
        stream.writelines(f"{name} {value}\n" for name, value in defaults.items())
        stream.write(own)


def _name_user(user_id: str) -> None:
    """Hadoop and Java ask for the user's name and home, and end where there are none."""
    with open("/etc/passwd", "r+", encoding="utf-8") as users:
        if not any(line.split(":")[2:3] == [user_id] for line in users):
            users.write(f"model-serving:x:{user_id}:{user_id}::/tmp:/usr/sbin/nologin\n")


if __name__ == "__main__":
    main(sys.argv[1])
