#pragma once
// Before Highway in every file that dispatches at run time: plain x86-64, AVX2 and AVX-512 are enough, and each further
// target would be one more compilation of the kernel.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
