"""Reads a video with OpenCV; with "tensor" also scales each frame to 640x640 and makes a CHW float tensor of it."""

import sys

import cv2
import numpy

video = cv2.VideoCapture(sys.argv[1])
frames = 0
while True:
    ok, frame = video.read()
    if not ok:
        break
    if sys.argv[2] == "tensor":
        small = cv2.cvtColor(cv2.resize(frame, (640, 640), interpolation=cv2.INTER_LINEAR), cv2.COLOR_BGR2RGB)
        tensor = numpy.ascontiguousarray(small.transpose(2, 0, 1)).astype(numpy.float32) / 255
    frames += 1
print(frames)
