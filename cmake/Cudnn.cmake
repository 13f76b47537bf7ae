# Target cudnn: the toolkit's cuDNN, and cudnn-frontend, NVIDIA's header-only door to its graphs, out of its wheel on
# PyPI, in one version by its hash. CUDNN_FRONTEND_INCLUDE_DIR names headers that are there already.
find_path(CUDNN_INCLUDE_DIR cudnn.h HINTS ${CUDAToolkit_INCLUDE_DIRS} REQUIRED)
find_library(CUDNN_LIBRARY cudnn HINTS ${CUDAToolkit_LIBRARY_DIR} REQUIRED)
set(frontend ${PROJECT_BINARY_DIR}/cudnn-frontend)
find_path(CUDNN_FRONTEND_INCLUDE_DIR cudnn_frontend.h HINTS ${frontend}/include)

if(NOT CUDNN_FRONTEND_INCLUDE_DIR)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  execute_process(COMMAND ${Python3_EXECUTABLE} -m pip download --quiet --no-deps --only-binary=:all:
    --python-version 3.11 --platform manylinux_2_28_x86_64 --require-hashes
    -r ${CMAKE_CURRENT_LIST_DIR}/cudnn-frontend.txt -d ${frontend} RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "cudnn-frontend: expected pip to fetch the wheel of cmake/cudnn-frontend.txt; "
      "without a network give -DCUDNN_FRONTEND_INCLUDE_DIR")
  endif()
  file(GLOB wheel ${frontend}/*.whl)
  file(ARCHIVE_EXTRACT INPUT ${wheel} DESTINATION ${frontend} PATTERNS include/*)
  find_path(CUDNN_FRONTEND_INCLUDE_DIR cudnn_frontend.h HINTS ${frontend}/include REQUIRED)
endif()

add_library(cudnn INTERFACE)
target_include_directories(cudnn SYSTEM INTERFACE ${CUDNN_INCLUDE_DIR} ${CUDNN_FRONTEND_INCLUDE_DIR})
target_link_libraries(cudnn INTERFACE ${CUDNN_LIBRARY} CUDA::cudart CUDA::nvrtc)  # the headers call both
