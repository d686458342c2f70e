"""Makes `sound_files`, the generators of this folder, importable by its tests and by the process that fuzzes."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
