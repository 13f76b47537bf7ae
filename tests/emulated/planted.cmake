# Kernels with planted bugs, run one by one as processes of their own: a sanitizer ends the one it finds.
file(GLOB planted_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/emulated/planted/*.cpp)
add_executable(planted ${planted_sources})
target_include_directories(planted PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/emulated)
target_link_libraries(planted PRIVATE s4l_emulated)
target_compile_options(planted PRIVATE -Wall -Wextra -Wno-unknown-pragmas)
target_link_libraries(test_emulated PRIVATE s4l_emulated)
target_compile_options(test_emulated PRIVATE -Wno-unknown-pragmas)  # kernels say unroll
add_dependencies(test_emulated planted)
