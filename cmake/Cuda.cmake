# The CUDA device. kernels/cuda/*.cu are the kernels: nvcc compiles them for the GPU (S4L_CUDA=ON), the host's compiler
# for the device that the CPU plays (EMULATED). kernels/cuda/*.cpp call NVIDIA's libraries and are for ON alone, but for
# what prepares a library's call; the libraries' stand-ins are in kernels/emulated.
file(GLOB cuda_kernels CONFIGURE_DEPENDS kernels/cuda/*.cu)
file(GLOB cuda_libraries CONFIGURE_DEPENDS kernels/cuda/*.cpp)
file(GLOB emulated_stand_ins CONFIGURE_DEPENDS kernels/emulated/*.cpp)
set(library_calls aligned conv2d library_error linear plan_store)
list(TRANSFORM library_calls REPLACE "(.+)" "${PROJECT_SOURCE_DIR}/kernels/cuda/\\1.cpp")

# The executor, which the tests use in every build, is never compiled with a sanitizer itself: that would watch the
# switching of stacks. The macro says which one watches the kernels.
set(executor_sources arena device_memory executor fiber launch streams tensor_core warp)
list(TRANSFORM executor_sources REPLACE "(.+)" "${PROJECT_SOURCE_DIR}/kernels/emulated/\\1.cpp")
list(REMOVE_ITEM emulated_stand_ins ${executor_sources})
add_library(s4l_executor OBJECT EXCLUDE_FROM_ALL ${executor_sources})
set_target_properties(s4l_executor PROPERTIES POSITION_INDEPENDENT_CODE ON)
target_include_directories(s4l_executor PRIVATE ${PROJECT_BINARY_DIR}/include)
target_compile_options(s4l_executor PRIVATE $<$<BOOL:${S4L_SANITIZE}>:-fno-sanitize=all>)
target_compile_definitions(s4l_executor PRIVATE
  S4L_EMULATED_SANITIZER=$<IF:$<BOOL:${S4L_SANITIZE}>,${S4L_SANITIZE},none>)
s4l_warnings(s4l_executor)

# What a test links to run kernels of its own on the executor.
add_library(s4l_emulated INTERFACE)
target_link_libraries(s4l_emulated INTERFACE s4l::core)
if(NOT S4L_CUDA STREQUAL "EMULATED")
  target_sources(s4l_emulated INTERFACE $<TARGET_OBJECTS:s4l_executor>)
endif()

if(S4L_CUDA STREQUAL "EMULATED")
  foreach(kernel IN LISTS cuda_kernels)
    get_filename_component(name ${kernel} NAME_WE)
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/emulated/${name}.cpp CONTENT
      "#include \"s4l/kernels/cuda/${name}.cu\"\n" @ONLY)
    list(APPEND emulated_kernels ${PROJECT_BINARY_DIR}/emulated/${name}.cpp)
  endforeach()
  set_source_files_properties(${emulated_kernels} PROPERTIES COMPILE_OPTIONS -Wno-unknown-pragmas)
  target_sources(s4lcore PRIVATE ${emulated_kernels} ${library_calls} ${emulated_stand_ins}
    $<TARGET_OBJECTS:s4l_executor>)
  target_compile_definitions(s4lcore PUBLIC S4L_WITH_CUDA)
elseif(S4L_CUDA STREQUAL "ON")
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 80 90 100)
  endif()
  set(CMAKE_CUDA_RUNTIME_LIBRARY Shared)
  enable_language(CUDA)
  foreach(kind STANDARD EXTENSION)  # CMake 3.25 knows no C++20 for nvcc
    if(NOT DEFINED CMAKE_CUDA20_${kind}_COMPILE_OPTION)
      set(CMAKE_CUDA20_${kind}_COMPILE_OPTION -std=c++20)
    endif()
  endforeach()
  find_package(CUDAToolkit 13 REQUIRED)
  include(cmake/Cudnn.cmake)
  target_sources(s4lcore PRIVATE ${cuda_kernels} ${cuda_libraries})
  set_target_properties(s4lcore PROPERTIES CUDA_STANDARD 20 CUDA_STANDARD_REQUIRED ON CUDA_RUNTIME_LIBRARY Shared
    CUDA_ARCHITECTURES "${CMAKE_CUDA_ARCHITECTURES}")  # it was made before these were known
  target_link_libraries(s4lcore PRIVATE CUDA::cudart CUDA::cublasLt $<BUILD_INTERFACE:cudnn>
    $<INSTALL_INTERFACE:${CUDNN_LIBRARY}>)
  target_compile_definitions(s4lcore PUBLIC S4L_WITH_CUDA)
elseif(S4L_CUDA)
  message(FATAL_ERROR "S4L_CUDA: expected ON, OFF or EMULATED, got ${S4L_CUDA}")
endif()
