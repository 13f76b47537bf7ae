# Which commit the program was built from, looked up at every build: generated/git_commit.h changes only with the answer.
if(NOT CMAKE_SCRIPT_MODE_FILE)
  add_custom_target(git_commit BYPRODUCTS ${PROJECT_BINARY_DIR}/generated/git_commit.h
    COMMAND ${CMAKE_COMMAND} -DSOURCE_DIR=${PROJECT_SOURCE_DIR} -DOUTPUT=${PROJECT_BINARY_DIR}/generated/git_commit.h
      -P ${CMAKE_CURRENT_LIST_FILE})
  return()
endif()

set(commit "unknown")
find_program(GIT git)
if(GIT)
  execute_process(COMMAND ${GIT} describe --always --dirty --abbrev=12 --exclude=* WORKING_DIRECTORY ${SOURCE_DIR}
    OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(found)
    set(commit "${found}")
  endif()
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "#define S4L_GIT_COMMIT \"${commit}\"\n")
