import json
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest

from model_serving_engine.frames import FrameChannel


def frame(head, body=b""):
    text = json.dumps(head, ensure_ascii=False).encode()
    return struct.pack("<II", len(text), len(body)) + text + body


class FrameChannelTest(unittest.TestCase):
    def setUp(self):
        ours, theirs = socket.socketpair()
        self.front, self.channel = ours, FrameChannel(theirs)
        self.addCleanup(ours.close)
        self.addCleanup(theirs.close)

    def test_reads_messages_however_they_arrive(self):
        numbers = random.Random(7)
        messages = [({"n": n, "name": "é\u2028"}, numbers.randbytes(numbers.choice((0, 1, 70_000, 300_000)))) for n in range(40)]
        wire = b"".join(frame(*message) for message in messages)

        def write():
            rest = memoryview(wire)
            while rest:
                count = numbers.choice((1, 3, 9, 1000, 65536, 400_000))
                self.front.sendall(rest[:count])
                rest = rest[count:]

        writer = threading.Thread(target=write)
        writer.start()
        self.assertEqual([self.channel.read() for _ in messages], messages)
        writer.join()

    def test_a_signal_in_the_middle_of_a_message_changes_nothing(self):
        previous = signal.signal(signal.SIGUSR1, lambda *_: None)
        self.addCleanup(signal.signal, signal.SIGUSR1, previous)
        body = os.urandom(100_000)

        def write():
            wire = frame({"n": 1}, body)
            for start in range(0, len(wire), 30_000):
                self.front.sendall(wire[start : start + 30_000])
                time.sleep(0.02)
                os.kill(os.getpid(), signal.SIGUSR1)

        writer = threading.Thread(target=write)
        writer.start()
        self.assertEqual(self.channel.read(), ({"n": 1}, body))
        writer.join()

    def test_the_end_is_none_wherever_it_comes(self):
        for cut in (0, 3, 8, 12, 40):
            ours, theirs = socket.socketpair()
            with ours, theirs:
                ours.sendall(frame({"type": "score"}, b"x" * 30)[:cut])
                ours.shutdown(socket.SHUT_WR)
                self.assertIsNone(FrameChannel(theirs).read())

    def test_messages_of_several_threads_stay_whole(self):
        bodies = {letter: letter.encode() * 150_000 for letter in "abcd"}
        threads = [threading.Thread(target=self.channel.send, args=({"of": letter}, body)) for letter, body in bodies.items()]
        for thread in threads:
            thread.start()
        other = FrameChannel(self.front)
        received = dict((head["of"], body) for head, body in (other.read() for _ in threads))
        self.assertEqual(received, bodies)
        for thread in threads:
            thread.join()

    def test_the_time_limit_comes_after_the_message(self):
        def limit(*_):
            raise TimeoutError

        previous = signal.signal(signal.SIGALRM, limit)
        self.addCleanup(signal.signal, signal.SIGALRM, previous)
        received = []
        other = FrameChannel(self.front)

        def read_late():
            time.sleep(0.2)
            received.append(other.read())

        reader = threading.Thread(target=read_late)
        reader.start()
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with self.assertRaises(TimeoutError):
            self.channel.send_from_script({"n": 1}, b"x" * 2_000_000)
        reader.join()
        self.assertEqual(len(received[0][1]), 2_000_000)

    def test_ends_the_process_when_nobody_reads_any_more(self):
        program = (
            "import socket; from model_serving_engine.frames import FrameChannel\n"
            "a, b = socket.socketpair(); a.close(); FrameChannel(b).send({}); print('still here')"
        )
        ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        self.assertEqual((ended.returncode, ended.stdout), (0, ""))


if __name__ == "__main__":
    unittest.main()
