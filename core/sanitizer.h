#pragma once

/// S4L_ADDRESS_SANITIZER and S4L_THREAD_SANITIZER are 1 in a build with that sanitizer, else 0: g++ and clang++ say it
/// in ways of their own.
#if defined(__has_feature)
#define S4L_ADDRESS_SANITIZER __has_feature(address_sanitizer)
#define S4L_THREAD_SANITIZER __has_feature(thread_sanitizer)
#else
#if defined(__SANITIZE_ADDRESS__)
#define S4L_ADDRESS_SANITIZER 1
#else
#define S4L_ADDRESS_SANITIZER 0
#endif
#if defined(__SANITIZE_THREAD__)
#define S4L_THREAD_SANITIZER 1
#else
#define S4L_THREAD_SANITIZER 0
#endif
#endif
