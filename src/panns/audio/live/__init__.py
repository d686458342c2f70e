"""Live audio: microphones, pipes, network addresses, and files played in real time.

`live_sound.py` is the interface of all, `microphone.py` records from a device found by `input_devices.py`,
`piped_sound.py` and `network_sound.py` decode what arrives, and `playback.py` plays a file.
"""
