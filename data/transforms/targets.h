#pragma once
// Before Highway in the files of this folder that dispatch at run time: plain x86-64, AVX2 and AVX-512 are enough.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
