import json
import time


def init():
    print("This is init()")


def run(raw_data):
    time.sleep(json.loads(raw_data)['seconds'])
    return "slept"
