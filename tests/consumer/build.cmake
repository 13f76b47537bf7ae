# Builds and runs tests/consumer the way MODE says: install or subdirectory.
set(work ${BINARY_DIR}/consumer-${MODE})
file(REMOVE_RECURSE ${work})
function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${ARGV} failed:\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

set(options -G Ninja -S ${SOURCE_DIR}/tests/consumer -B ${work}/build -DCMAKE_CXX_COMPILER=${COMPILER}
  -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER})
if(MODE STREQUAL install)
  run(${CMAKE_COMMAND} --install ${BINARY_DIR} --prefix ${work}/prefix)
  list(APPEND options -DCMAKE_PREFIX_PATH=${work}/prefix -DCMAKE_CXX_FLAGS=${FLAGS})
else()
  # -O0: what is tested is that it builds and links from a subdirectory, in a third of the time.
  list(APPEND options -DS4L_SOURCE=${SOURCE_DIR} -DCMAKE_CXX_FLAGS=-O0)
endif()
run(${CMAKE_COMMAND} ${options} -DCMAKE_BUILD_TYPE=None)
run(${CMAKE_COMMAND} --build ${work}/build)
run(${work}/build/consumer)
message(STATUS "${output}")
