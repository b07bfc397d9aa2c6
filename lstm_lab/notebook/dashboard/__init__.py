"""The dashboard: the whole laboratory without typing a flag.

::

    view         `dashboard()` and the view itself: settings to the left, results to the right
    state        the option forms, the data and the chosen run
    controls     an option as a control;  fields: the control's own widget;  sections: their grouping
    source       the data: a variable, an example, a file
    preview      data, weights and loss before a training;  series_sketch: its picture of the series
    job_runner   one job at a time, Stop, mistakes;  clicks: threads of clicks
    pages        a page of results: options, a button, a result;  jobs: the job of each button
    code         the same settings as magics and as Python
    environment  the notebook around it: variables, runs, defaults
    snapshot     the picture that a saved notebook keeps
    style        the style sheet and HTML fragments
"""
