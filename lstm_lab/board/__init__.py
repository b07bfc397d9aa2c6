"""Floor 7: the dashboard, the whole laboratory without typing a flag.

::

    dashboard     `dashboard()` and the view itself: settings to the left, what came of them to the right
    desk          the controls, the data and the run that is looked at
    controls      an option as a control;  fields: the control's own widget;  sections: which stand where
    source        the data: a variable, an example, a file
    preview       what the settings mean, before anything is trained;  sketch: its drawings
    work          one job at a time, Stop, mistakes;  messages: which thread a click comes in
    pages         a page of results: options, a button, what came of it;  jobs: what each button does
    code          the magics and the Python that do the same
    surroundings  the notebook around it: variables, runs, defaults
    keepsake      the picture that a saved notebook keeps
    look          the style sheet and scraps of HTML
"""
