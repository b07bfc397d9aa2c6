"""The dashboard: the whole laboratory without typing a flag.

::

    view         `dashboard()` and the view itself: settings to the left, results to the right
    state        the controls, the data and the run that is looked at
    controls     an option as a control;  fields: the control's own widget;  sections: which stand together
    source       the data: a variable, an example, a file
    preview      what the settings mean, before anything is trained;  drawings: its pictures
    job_runner   one job at a time, Stop, mistakes;  clicks: which thread a click comes in
    pages        a page of results: options, a button, a result;  jobs: what each button does
    code         the magics and the Python that do the same
    environment  the notebook around it: variables, runs, defaults
    snapshot     the picture that a saved notebook keeps
    style        the style sheet and scraps of HTML
"""
