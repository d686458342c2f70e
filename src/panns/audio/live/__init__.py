"""Live audio: microphones, and files played in real time.

`protocol.py` is the interface of both, `microphone.py` records from a device found by `input_devices.py`, and
`playback.py` plays a file.
"""
