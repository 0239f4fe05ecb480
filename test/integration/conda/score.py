import ctypes
import os
import sys


def init():
    global zstd
    zstd = ctypes.CDLL(os.path.join(sys.prefix, "lib", "libzstd.so"))
    zstd.ZSTD_versionNumber.restype = ctypes.c_uint


def run(raw_data):
    return {"prefix": sys.prefix, "python": list(sys.version_info[:2]), "zstd": zstd.ZSTD_versionNumber()}
