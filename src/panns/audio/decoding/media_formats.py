"""Facts about FFmpeg's formats: which are allowed, and which store their length and the times of packets."""

from __future__ import annotations

from panns.audio.decoding.reader import MAX_SEARCH_BYTES

# A playlist or a session description would make FFmpeg open the files and addresses in it, so the allowed demuxers are
# listed: containers, and bare streams that FFmpeg detects by their content.
FORMATS = (
    "3gp,aac,ac3,aiff,amr,ape,asf,ast,au,avi,bonk,caf,codec2,dsf,dts,dtshd,dv,eac3,flac,flv,gxf,iff,ircam,loas,"
    "matroska,mlp,mmf,mov,mp3,mp4,mpc,mpc8,mpeg,mpegts,mxf,nistsphere,nut,nuv,ogg,oma,osq,paf,pvf,qcp,qoa,rka,rm,shn,"
    "smjpeg,sox,svx,swf,tak,truehd,tta,voc,w64,wav,webm,wtv,wv,xwma"
)
# Bytes and microseconds searched for the parameters of tracks, where the usual 5 MB and 5 s are too few.
LONG_PROBE = {"probesize": str(2 * MAX_SEARCH_BYTES), "analyzeduration": str(120 * 10**6)}
# FFmpeg has no protocol of this name, so it never opens a nested file or connection.
OPTIONS = {"format_whitelist": FORMATS, "protocol_whitelist": "none"}
# Formats that store their length; for others FFmpeg guesses it from size and bit rate.
DECLARING = {"mov", "matroska", "asf", "avi", "caf", "ape", "wv", "tta", "tak", "mpc8", "dsf"}
# Streams that may end anywhere. A missing end is noticed if it cuts a frame; a warning for every file would be noise.
_STREAMS = "aac,ac3,amr,dts,dtshd,dv,eac3,flv,loas,mlp,mp3,mpeg,mpegts,nut,truehd,wtv"
# Formats whose length `lengths/` has read already.
_READ_BEFORE = "aiff,ast,au,flac,nistsphere,ogg,rm,sox,svx,swf,voc,w64,wav"
WITHOUT_LENGTH = frozenset(f"{_STREAMS},{_READ_BEFORE}".split(","))
# Containers that store the time of every packet. AVI counts packets instead, and bare streams have no time at all. Ogg
# stores the end of every page, which some writers get wrong.
CLOCKED = {"mov", "matroska", "flv", "asf", "nut", "mpegts", "mpeg", "wtv"}
# Of these, the ones that count from the start of the recording.
FROM_ZERO = {"mov", "matroska", "flv", "asf", "nut"}
# Lossy codecs decode to floats too, but exceed full scale by little.
FLOAT_CODECS = ("pcm_f", "wavpack")
