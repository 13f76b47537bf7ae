# The CUDA device played by the CPU. It is never compiled with a sanitizer itself, which would watch the switching of
# stacks; the macro says which one watches the kernels.
file(GLOB emulated_sources CONFIGURE_DEPENDS kernels/emulated/*.cpp)
add_library(s4l_emulated STATIC ${emulated_sources})
target_compile_options(s4l_emulated PRIVATE $<$<BOOL:${S4L_SANITIZE}>:-fno-sanitize=all>)
target_compile_definitions(s4l_emulated PRIVATE
  S4L_EMULATED_SANITIZER=$<IF:$<BOOL:${S4L_SANITIZE}>,${S4L_SANITIZE},none>)
target_link_libraries(s4l_emulated PUBLIC s4l::core)
s4l_warnings(s4l_emulated)
