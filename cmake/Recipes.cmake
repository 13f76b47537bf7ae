# Compiles methods/recipes/<dataset>/<name>.toml into the library: recipe "dataset/name" -> its text.
function(s4l_embed_recipes output)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/methods/recipes
    ${PROJECT_SOURCE_DIR}/methods/recipes/*.toml)
  set(rows "")
  foreach(file IN LISTS files)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/methods/recipes/${file})
    file(READ ${PROJECT_SOURCE_DIR}/methods/recipes/${file} text)
    string(REGEX REPLACE "\\.toml$" "" name ${file})
    string(APPEND rows "      {\"${name}\", R\"recipe(${text})recipe\"},\n")
  endforeach()
  set(S4L_RECIPE_ROWS "${rows}")
  configure_file(${PROJECT_SOURCE_DIR}/cmake/recipes.cpp.in ${output} @ONLY)
endfunction()
