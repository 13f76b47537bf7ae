# Warnings and sanitizers of our own targets. -Wno-restrict: g++ 12 warns falsely on "a" + string at -O2.
function(s4l_warnings target)
  set(warnings -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion $<$<BOOL:${S4L_WERROR}>:-Werror>
    $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
  target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:${warnings}>")
  target_compile_options(${target} PRIVATE  # nvcc's own code for the host does not pass -Wconversion
    "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra,-Wshadow;$<$<BOOL:${S4L_WERROR}>:-Werror=all-warnings>>")
endfunction()

# clang inlines AddressSanitizer's checks until a function has 7,000; with calls from 100 on, unrolled kernels compile in a
# third of the time.
if(S4L_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
    "$<$<CXX_COMPILER_ID:Clang>:SHELL:-mllvm -asan-instrumentation-with-call-threshold=100>")
  add_link_options(-fsanitize=address,undefined)
elseif(S4L_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(S4L_SANITIZE)
  message(FATAL_ERROR "S4L_SANITIZE: expected address or thread, got ${S4L_SANITIZE}")
endif()
